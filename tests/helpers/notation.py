"""Labels of pictures, in the field's notation."""

K_OUT = r"[K$^{+}$]$_\mathrm{o}$ (mM)"
P_NA = r"$P_\mathrm{Na}$ (relative)"
