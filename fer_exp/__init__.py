"""fer-exp: a study of small networks on FER-2013 that can be trusted, repeated and extended."""
