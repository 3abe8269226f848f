"""What the processes share: tally pages, the dials page, the exchange channel, the log line writer."""
