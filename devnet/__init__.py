"""Chains for development and tests: real runtimes on the loopback interface, state in memory, no real money."""
