"""The simulated network against packets that the kernel saw: ``python -m calibration.captured``.

The relay counts what it does, and its counts are the truth that everything else is compared with. Here they
are compared themselves: a raw socket sees every packet on loopback before the relay and after it,
whoever sends it.
"""
