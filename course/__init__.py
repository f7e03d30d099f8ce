"""What is taught: one small module per topic of the course."""
