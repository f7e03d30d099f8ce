"""Where the course runs: JupyterHub on a laptop."""
