"""The interactive report: one HTML file that shows a results folder and needs no network."""
