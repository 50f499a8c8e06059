"""The linear SVC of the original study, solved exactly."""
