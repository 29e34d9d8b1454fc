"""Figures: each draws one picture from tables and arrays, and measures nothing."""




