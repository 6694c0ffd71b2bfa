"""Measurements that the documentation quotes; commands of their own, which CI does not wait for."""
