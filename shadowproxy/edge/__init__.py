"""The users' path: relays requests and answers, captures sampled ones and hands them over."""
