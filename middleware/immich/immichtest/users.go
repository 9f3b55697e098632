package immichtest

import "net/http"

// profile is a user as the API shows it.
type profile struct {
	ID                   string  `json:"id"`
	Email                string  `json:"email"`
	Name                 string  `json:"name"`
	ProfileImagePath     string  `json:"profileImagePath"`
	AvatarColor          string  `json:"avatarColor"`
	ProfileChangedAt     stamp   `json:"profileChangedAt"`
	StorageLabel         *string `json:"storageLabel"`
	ShouldChangePassword bool    `json:"shouldChangePassword"`
	IsAdmin              bool    `json:"isAdmin"`
	CreatedAt            stamp   `json:"createdAt"`
	DeletedAt            *stamp  `json:"deletedAt"`
	UpdatedAt            stamp   `json:"updatedAt"`
	OAuthID              string  `json:"oauthId"`
	QuotaSizeInBytes     *int64  `json:"quotaSizeInBytes"`
	QuotaUsageInBytes    *int64  `json:"quotaUsageInBytes"`
	Status               string  `json:"status"`
	License              *string `json:"license"`
}

func (s *Server) me(w http.ResponseWriter, _ *http.Request, c caller) {
	s.profile(w, http.StatusOK, c.user)
}

func (s *Server) profile(w http.ResponseWriter, status int, u *user) {
	s.mu.Lock()
	at := stamp(u.created)
	p := profile{ID: u.ID, Email: u.Email, Name: u.Name, AvatarColor: "gray", Status: "active", IsAdmin: u.admin,
		ProfileChangedAt: at, CreatedAt: at, UpdatedAt: at, OAuthID: u.oauthID}
	if !u.deleted.IsZero() {
		p.Status, p.DeletedAt = "deleted", stampOf(u.deleted)
	}
	s.mu.Unlock()
	answer(w, status, p)
}

// updateMe changes the password and ends no session.
func (s *Server) updateMe(w http.ResponseWriter, r *http.Request, c caller) {
	var in struct{ Name, Password string }
	if !read(w, r, &in, nil) {
		return
	}
	s.mu.Lock()
	c.user.Name, c.user.password = either(in.Name, c.user.Name), either(in.Password, c.user.password)
	s.mu.Unlock()
	s.me(w, r, c)
}

func apiKey(w http.ResponseWriter, r *http.Request, c caller) {
	if c.session != nil {
		refuse(w, http.StatusBadRequest, "Not authenticated with an API Key")
		return
	}
	answer(w, http.StatusOK, struct {
		ID          string   `json:"id"`
		Name        string   `json:"name"`
		CreatedAt   stamp    `json:"createdAt"`
		UpdatedAt   stamp    `json:"updatedAt"`
		Permissions []string `json:"permissions"`
	}{c.user.ID, "CLI", stamp(c.user.created), stamp(c.user.created), []string{"all"}})
}
