"""A province in virtual time: the real engines, a planner and a controller's desk, no sockets, seeded.

scenario   what shall happen, as a TOML file          weather    outages, power cuts, clocks and disks of each node (pure)
planner    what shall sound (a stand-in)              signet     seals that cost little
pole       one node: performs its engine's effects    desk       the controller's side: answers, plans, ledger
loop       one heap of moments                        witness    what the horns did, judged by itself
run        puts it together                           tally      what it came to      report      the same for people
"""
