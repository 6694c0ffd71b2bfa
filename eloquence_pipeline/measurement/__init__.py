"""Pure functions over what was recorded: the same files give the same figures, without any server."""
