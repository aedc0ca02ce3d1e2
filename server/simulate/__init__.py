"""What `sim` does around the simulator: files read, processes, tables, a page, a picture.

`sources` reads workloads, configurations and tables of arrivals; `runs` plays seeds and policies in
parallel processes; `show` prints a table and `page` writes one as Markdown; `plot` draws.
"""
