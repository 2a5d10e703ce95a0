"""The next patrol: routes that raise confidence most within the hours people have."""
