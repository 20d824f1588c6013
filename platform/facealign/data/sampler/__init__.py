"""Which sample is seen when: order, balancing by pose, settings of both."""
