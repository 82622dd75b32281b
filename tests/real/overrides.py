## nothing
pass
