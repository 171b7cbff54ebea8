"""What is wanted against what is observed: one worker task per tenant."""
