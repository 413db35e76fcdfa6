"""Who is made from whom: written down as it is declared and told, walked by recursive queries, shown to who asks."""
