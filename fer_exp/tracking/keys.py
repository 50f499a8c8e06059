"""The names of metrics, params and tags in the store; nobody else types one."""

# What arms are compared by.
ACCURACY = "selected/val_accuracy"


SOUND = "unit/upright/same_order"


# In the plan: a job that is a trial of a search, and one at its arm's best trial.
TRIAL, TUNED = "trial", "tuned"
