// The page where files are dropped.
