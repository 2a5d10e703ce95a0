"""From tracks to patrols: outings, copies of one walk, doubts, and what counts as a valid patrol."""
