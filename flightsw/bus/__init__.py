"""The software bus: routing by message id, bounded inboxes, and a ledger in which nothing is lost silently."""
