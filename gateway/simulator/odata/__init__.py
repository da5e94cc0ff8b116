"""OData's query language: lexer, parser, evaluation, options. Called by ``reads``."""
