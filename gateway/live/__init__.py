"""What happens to a customer's journey, told as it happens, under each viewer's rights of that moment."""
