"""Where the course runs: JupyterHub on a laptop, and on Kubernetes."""
