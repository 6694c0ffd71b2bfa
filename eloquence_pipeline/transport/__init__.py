"""Speaking and listening through LiveKit: only records, never judges."""
