package immich

// What the tests of births see.
type Birth = birth

const MaxBirth = maxBirth

var (
	ParseBirth    = parseBirth
	ReadBirth     = readBirth
	ErrBirthSize  = errBirthSize
	ErrBirthCoded = errBirthCoded
)
