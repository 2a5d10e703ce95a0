"""Two surveys of the same ground: how they lie to each other, what changed, what was cleared."""
