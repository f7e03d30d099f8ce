"""Where the course runs: JupyterHub on Kubernetes, by the chart of Zero to JupyterHub."""
