"""Starts the processes, watches them and hands them their listening sockets."""
