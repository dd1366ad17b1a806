"""Where the nodes of a world stand: province, communes, villages. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.world.scenario import Scenario

PROVINCE = "p04"


@dataclass(frozen=True, slots=True, kw_only=True)
class Village:
    """One village: its commune, and the numbers of its nodes."""

    id: str
    commune: str
    nodes: range

    @property
    def path(self) -> tuple[str, ...]:
        """The units above its nodes, root first."""
        return (PROVINCE, self.commune, self.id)


class Places:
    """The tree of a world: `villages` by id, `communes` with their villages' ids."""

    def __init__(self, scenario: Scenario) -> None:
        size, many = scenario.places.nodes_a_village, scenario.places.villages_a_commune
        self.villages: dict[str, Village] = {}
        self.communes: dict[str, list[str]] = {}
        for number in range(scenario.villages):
            commune = f"x{number // many:05d}"
            nodes = range(number * size, min(scenario.nodes, (number + 1) * size))
            village = Village(id=f"{commune}-{number % many + 1}", commune=commune, nodes=nodes)
            self.villages[village.id] = village
            self.communes.setdefault(commune, []).append(village.id)
        self.of_node = [village for village in self.villages.values() for _ in village.nodes]

    def name_of(self, index: int) -> str:
        """The id of node number `index`."""
        village = self.of_node[index]
        return f"{village.id}-l{index - village.nodes.start + 1}"
