"""The console's pages of the machine: three lists, one for each way of using it."""

from pipelines_app.web import urls_know, urls_operate, urls_register

app_name = "console"
urlpatterns = [*urls_register.urlpatterns, *urls_operate.urlpatterns, *urls_know.urlpatterns]
