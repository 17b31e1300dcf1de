"""From raw clips to trained weights: the DVC stages that use torch. Serving never imports this package."""
