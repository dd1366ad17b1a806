"""A province in virtual time: real engines, a planner and a controller's desk, no sockets, seeded. docs/mo-phong.md tells more.

scenario  what shall happen: a TOML file      places   province, communes, villages
weather   what befalls a node (pure)          planner  what shall sound: a protocol, and wishes drawn
loop      one heap of moments                 signet   seals that cost little
pole      one node and its engine's effects   crystal, horn   its clock, and its sound
desk      the controller's side               witness  what horns did, judged by itself
office    the real resolver plans it
run       puts it together                    tally, report   what it came to, and the same for people
"""
