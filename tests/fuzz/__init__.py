"""Random input of every kind: nothing but `HandcraftedError` may come out, quickly, and in bounded memory."""
