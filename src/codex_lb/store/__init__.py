"""Tables and queries; SQL and nothing else."""
