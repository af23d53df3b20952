"""What the commands that train, evaluate and measure run."""
