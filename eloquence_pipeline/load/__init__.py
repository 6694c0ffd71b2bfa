"""Many calls at once, in processes of their own: load cells, and who starts and watches them."""
