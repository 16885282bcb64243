"""What an agent gets to see: the right memory, within the budget, as data that cannot give orders."""
