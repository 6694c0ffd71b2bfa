"""A relay that loses and delays packets between participants and server, and counts what it did."""
