"""Prefect tasks: thin wrappers that give the library's steps names, retries and logs."""
