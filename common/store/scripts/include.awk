# Puts what scripts have in common into one: a line "-- include NAME" stands for shared/NAME. dir is
# where the scripts are.
/^-- include / {
	file = dir "/shared/" $3
	while ((got = (getline line < file)) > 0)
		print line
	if (got < 0) {
		print file ": cannot be read" >"/dev/stderr"
		exit 1
	}
	close(file)
	next
}
{ print }
