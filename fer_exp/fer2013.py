"""FER-2013's fixed facts: the side of an image, the emotions in their order, and its canonical figures."""

SIDE = 48

# FER-2013's own codes 0-6 (`fer2013.csv`). Alphabetical folders would put neutral fourth and rotate
# three classes unseen, so labels are always matched by these names.
EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

# The parts of test that a score is reported on, see `Dataset.test_parts`.
PARTS = ("public", "private", "union", "union_no_copies", "union_no_near_copies")

# Faces of each emotion in FER-2013, in the order of `EMOTIONS`. Source: Goodfellow et al. 2013 and the
# files themselves.
CANONICAL_TRAIN = (3995, 436, 4097, 7215, 4830, 3171, 4965)

CANONICAL_TEST = (958, 111, 1024, 1774, 1247, 831, 1233)

# Two copies are FER-2013: Kaggle's folder of JPEG files, and the original fer2013.csv, whose pixels differ by
# 1.3 grey levels. Mean and standard deviation of the training pixels of each, of 255, to four decimals.
COPIES = {"kaggle": (0.5077, 0.2551), "original": (0.5077, 0.2550)}

# What `Fingerprint.kind` says of FER-2013, whichever copy; older runs say `canonical` of Kaggle's.
GENUINE = ("canonical", *COPIES)
