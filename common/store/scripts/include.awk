# Puts what scripts have in common into one: a line "-- include NAME" stands for shared/NAME, in which
# there may be such lines, too. dir is where the scripts are.
function put(file, line, got) {
	while ((got = (getline line < file)) > 0)
		take(line)
	if (got < 0) {
		print file ": cannot be read" >"/dev/stderr"
		exit 1
	}
	close(file)
}

function take(line) {
	if (line ~ /^-- include /)
		put(dir "/shared/" substr(line, length("-- include ") + 1))
	else
		print line
}

{ take($0) }
