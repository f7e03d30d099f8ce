"""The container images of a cloud hub: a student's for CPU and for GPU, and the grader's."""
