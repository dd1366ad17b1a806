"""A loudspeaker as a stranger builds it: from `docs/wire.md` alone."""
