(component
  (core modul $m))
