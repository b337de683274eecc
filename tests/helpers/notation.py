"""Labels of pictures, in the field's notation."""

K_OUT = r"[K$^{+}$]$_\mathrm{o}$ (mM)"
K_IN = K_OUT.replace("{o}", "{i}")
P_NA = r"$P_\mathrm{Na}/P_\mathrm{K}$"
E_K = r"Nernst potential $E_\mathrm{K}$ (mV)"
