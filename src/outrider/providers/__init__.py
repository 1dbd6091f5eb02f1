"""Model servers, one file a kind. Their JSON stops here."""
