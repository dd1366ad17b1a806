"""People for tests: administrators of everything, by name; and whoever a test needs, with the rights that it needs."""

from __future__ import annotations

from controller.domain.rights import Actor, Grant, Role


def admin(name: str = "canbo") -> Actor:
    """Somebody who may do everything, everywhere, but call an emergency."""
    return somebody(Role.ADMIN, name=name)


def somebody(role: Role, *path: str, name: str = "ai") -> Actor:
    """Somebody who is this in the unit of that path (none: everywhere)."""
    return Actor(id=name, name=name, grants=(Grant(path=path, role=role),))
