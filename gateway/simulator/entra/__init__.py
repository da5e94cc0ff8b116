"""Microsoft Entra: sign-in pages, tokens, and who may have them."""
