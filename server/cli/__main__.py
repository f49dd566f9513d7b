"""`python -m server.cli` is `mentor-school`."""

from server.cli import main

main()
