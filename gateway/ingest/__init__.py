"""What vendors tell by themselves: taken in, stored before it is acknowledged, then made part of the journal."""
