"""Run by Alembic for each upgrade, on the connection that `migrate.py` hands over."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    transactional_ddl=True,  # also on SQLite, because we begin the transaction ourselves
)
context.run_migrations()
